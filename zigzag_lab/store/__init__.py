"""The database: tables, recording, questions. Importing it loads neither SQLAlchemy nor Alembic."""

from zigzag_lab.store.database import Answer
from zigzag_lab.store.errors import StoreError, StoreWriteError
from zigzag_lab.store.lab import Lab, RunDetails, RunRecord, StoredLayer
from zigzag_lab.store.recorder import RunRecorder, Totals
from zigzag_lab.store.run_start import RunInput, RunStart
from zigzag_lab.store.states import PublicationState, RunStatus
from zigzag_lab.store.store import Publication, Store, open_store
from zigzag_lab.store.url import DatabaseUrl
from zigzag_lab.vocab.masking import masked

__all__ = [
    "Answer",
    "DatabaseUrl",
    "Lab",
    "Publication",
    "PublicationState",
    "RunDetails",
    "RunInput",
    "RunRecord",
    "RunRecorder",
    "RunStart",
    "RunStatus",
    "Store",
    "StoreError",
    "StoreWriteError",
    "StoredLayer",
    "Totals",
    "masked",
    "open_store",
]
