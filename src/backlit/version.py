"""The one place that holds the version (`backlit.__version__` and the package's metadata read it here)."""

__version__ = "0.1.0"
