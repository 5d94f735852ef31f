"""The database: tables, recording, questions. Importing it loads neither SQLAlchemy nor Alembic."""

from zigzag_lab.store.database import Answer as Answer
from zigzag_lab.store.errors import StoreError as StoreError
from zigzag_lab.store.errors import StoreWriteError as StoreWriteError
from zigzag_lab.store.lab import Lab as Lab
from zigzag_lab.store.lab import RunDetails as RunDetails
from zigzag_lab.store.lab import RunRecord as RunRecord
from zigzag_lab.store.lab import StoredLayer as StoredLayer
from zigzag_lab.store.recorder import RunRecorder as RunRecorder
from zigzag_lab.store.recorder import Totals as Totals
from zigzag_lab.store.run_start import RunInput as RunInput
from zigzag_lab.store.run_start import RunStart as RunStart
from zigzag_lab.store.states import PublicationState as PublicationState
from zigzag_lab.store.states import RunStatus as RunStatus
from zigzag_lab.store.store import Publication as Publication
from zigzag_lab.store.store import Store as Store
from zigzag_lab.store.store import open_store as open_store
from zigzag_lab.store.url import DatabaseUrl as DatabaseUrl
from zigzag_lab.vocab.masking import masked as masked
