"""Which version of Forkline this package belongs to."""

VERSION = "0.1.0"
