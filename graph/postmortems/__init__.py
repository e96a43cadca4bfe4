"""What a draft of a postmortem is made of: its material, its timeline, its sections, its words."""
