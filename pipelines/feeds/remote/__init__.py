"""Feeds that are fetched: from a folder, SFTP, HTTPS or S3 into the inbox; fsspec speaks the protocols."""
