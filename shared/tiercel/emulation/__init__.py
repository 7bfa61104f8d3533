"""Google's services on one machine: their emulators, what these lack, and the functions (`tiercel emulate`)."""
