"""MLflow's experiments and runs as projects and attempts of a ledger."""

from assay.ledger.mlflow.importing import Found as Found
from assay.ledger.mlflow.importing import Wanted as Wanted
from assay.ledger.mlflow.importing import import_mlflow as import_mlflow
from assay.ledger.mlflow.importing import read_mlflow as read_mlflow
from assay.ledger.mlflow.importing import record_mlflow as record_mlflow
from assay.ledger.mlflow.reading import Reading as Reading
from assay.ledger.mlflow.summary import Imported as Imported
