"""Forecasts made where the past was, beside simple rivals."""
