"""Backup and restore of a deployment: database and artifacts, as one folder of plain files."""
