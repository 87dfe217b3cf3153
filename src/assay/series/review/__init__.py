"""The past told afterwards: levels given all days, and what stock-outs hid."""
