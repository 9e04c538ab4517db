"""Mistakes in ARM templates: Resource Manager's own codes.

The text is made where the mistake is found: it names the thing, and shows the expression with a caret under the failing part.
"""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {
    "InvalidTemplate": Entry("error", "{text}"),
    "InvalidTemplateDeployment": Entry("error", "{text}"),
    "InvalidContentLink": Entry("error", "{text}"),
    "DeploymentOutputEvaluationFailed": Entry("error", "{text}"),
    "ResourceEvaluationFailed": Entry("error", "{text}"),
    "NestedDeploymentShortCircuited": Entry("warning", "{text}"),
}
