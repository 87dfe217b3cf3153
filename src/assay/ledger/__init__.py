"""Storage of records: append-only, chained, safe against a crash at any moment."""

from assay.ledger.chain import Record as Record
from assay.ledger.checking import verify_ledger as verify_ledger
from assay.ledger.exporting import Exported as Exported
from assay.ledger.findings import Verification as Verification
from assay.ledger.history import History as History
from assay.ledger.history import attempt_of as attempt_of
from assay.ledger.history import registration_of as registration_of
from assay.ledger.history import verdict_of as verdict_of
from assay.ledger.history import watch_of as watch_of
from assay.ledger.importing import import_jsonl as import_jsonl
from assay.ledger.ledger import Ledger as Ledger
from assay.ledger.mlflow import import_mlflow as import_mlflow
from assay.ledger.telling import Tell as Tell
