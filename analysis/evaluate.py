"""The batch: every deployment × jurisdiction × measure × method, and its calibration."""
