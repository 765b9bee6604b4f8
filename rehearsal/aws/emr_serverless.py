"""EMR Serverless."""

import re
from typing import Any
from urllib.parse import unquote

import moto.emrserverless.urls as urls
from moto.core.responses import ActionResult, EmptyResult
from moto.emrserverless import models
from moto.emrserverless.responses import EMRServerlessResponse

from rehearsal.aws.patches import Operation, closes, continues

KEPT = {
    "architecture": "architecture",
    "image_configuration": "imageConfiguration",
    "runtime_configuration": "runtimeConfiguration",
    "monitoring_configuration": "monitoringConfiguration",
    "interactive_configuration": "interactiveConfiguration",
    "scheduler_configuration": "schedulerConfiguration",
}
SPARKS_OWN = re.compile(r"emr-spark-\d+\.\d+\.\d+$")

models.APPLICATION_STATUS = (
    "CREATED"  # moto says STARTED of one that nobody started, and Terraform waits for this
)
models.JOB_STATUS = "SUBMITTED"  # moto says SUCCESS of a run that nothing has run


class _Release:
    """Releases named after Spark are releases, too."""

    @staticmethod
    def match(pattern: str, release: str) -> Any:
        return re.match(pattern, release) or SPARKS_OWN.match(release)


models.re = _Release


@continues(
    EMRServerlessResponse, "the type is wanted in another case, and half of what is asked for is dropped"
)
def create_application(before: Operation, self: Any) -> Any:
    if kind := self._get_param("type"):
        self.params["type"] = kind.upper()
    answer = before(self)
    application = self.emrserverless_backend.applications[answer.result["applicationId"]]
    self.emrserverless_backend.job_runs[application.id] = []  # one without a run is there nevertheless
    for name, spelled in KEPT.items():
        if (value := self._get_param(spelled)) is not None:
            setattr(application, name, value)
    return answer


@continues(EMRServerlessResponse, "the mode is dropped, which says whether a run may stand")
def start_job_run(before: Operation, self: Any) -> Any:
    answer = before(self)
    backend, asked = self.emrserverless_backend, answer.result
    backend.get_job_run(asked["applicationId"], asked["jobRunId"]).mode = self._get_param("mode") or "BATCH"
    return answer


@closes(EMRServerlessResponse, "missing")
def list_tags_for_resource(self: Any) -> ActionResult:
    return ActionResult({"tags": _named(self).tags})


@closes(EMRServerlessResponse, "missing")
def tag_resource(self: Any) -> EmptyResult:
    _named(self).tags.update(self._get_param("tags"))
    return EmptyResult()


@closes(EMRServerlessResponse, "missing")
def untag_resource(self: Any) -> EmptyResult:
    for key in self._get_param("tagKeys"):
        _named(self).tags.pop(key, None)
    return EmptyResult()


def _named(self: Any) -> Any:
    arn = unquote(self._get_param("resourceArn"))
    return next(each for each in self.emrserverless_backend.applications.values() if each.arn == arn)


urls.url_paths.setdefault("{0}/tags/(?P<resourceArn>.+)$", EMRServerlessResponse.dispatch)
