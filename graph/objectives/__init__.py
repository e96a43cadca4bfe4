"""What a service level objective is, which events are bad, how fast its budget burns. By part."""
