"""`clarion doctor`: each thing that can be wrong with an installation, looked at, with what to do about it."""
