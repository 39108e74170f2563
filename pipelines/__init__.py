"""shoudai (首贷): first-loan prospect mining. Start reading at `flow.py`."""

__version__ = "0.1.0"
