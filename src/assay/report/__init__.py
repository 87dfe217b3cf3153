"""Self-contained pages for people who decide."""

from assay.report.build import build_report
from assay.report.content import ReportContent
from assay.report.render import render, write

__all__ = ["ReportContent", "build_report", "render", "write"]
