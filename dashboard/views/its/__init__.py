"""The workbench of interrupted time series: form, answer, pictures, downloads."""
