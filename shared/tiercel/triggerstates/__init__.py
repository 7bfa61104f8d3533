"""How triggers stand: changed and unlocked; the windows in which they gather what has happened."""
