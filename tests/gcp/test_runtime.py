"""What the runtime on Google's services has chosen."""

from __future__ import annotations

from tiercel.cloud.runtime import LOOK, connect
from tiercel.cloud.settings import read_settings
from tiercel.worker import LOOK as LOOK_AT_HOME
from tiercel.worker import LocalWorker

SETTINGS = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "TIERCEL_BUCKET": "b",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
    "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
    "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
}


def test_a_task_that_runs_is_looked_after_seldom_where_a_look_is_billed() -> None:
    cloud = connect(read_settings(SETTINGS), SETTINGS)
    worker = cloud.parts.lanes.worker
    cloud.close()
    assert isinstance(worker, LocalWorker)
    assert worker.look == LOOK > LOOK_AT_HOME
