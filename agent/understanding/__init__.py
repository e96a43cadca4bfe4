"""From a question's words to what it asks: intent, slots and times. Pure, and without network."""
