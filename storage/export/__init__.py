"""Export of clicks and rejections: CSV, JSON lines and Parquet, day by day, with flat memory whatever the size."""
