"""The first run: compiling, importing, provisioning the sample."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.harness import Row, pair

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "templates" / "inference.bicep"

CLOUDFORMATION = """
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: benchmark-bucket}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: benchmark-queue}}
  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: benchmark-topic}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: benchmark-role
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}
  Network: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: 10.0.0.0/16}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: benchmark-table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield compile_against_parsing()
    yield import_time()
    yield build_process()
    yield provisioning()


def compile_against_parsing() -> Row:
    """Compile the inference template; pycep-parser only parses it."""
    from pycep import BicepParser

    from infra_lib.bicep.compiler import compile_file

    parser = BicepParser()
    text = TEMPLATE.read_text()
    return pair(
        "compile templates/inference.bicep", lambda: compile_file(TEMPLATE),
        "pycep-parser parses it", lambda: parser.parse(text=text), bound=1.0,
    )  # fmt: skip


def import_time() -> Row:
    """Import the package, as a process."""
    return pair(
        "import infra_lib (process)", _python("import infra_lib"),
        "import azure.mgmt.resource.deployments", _python("import azure.mgmt.resource.deployments"), bound=0.25,
    )  # fmt: skip


def build_process() -> Row:
    """``infra build`` of the inference template as a process."""
    command = [sys.executable, "-m", "infra_lib.cli.main", "build", str(TEMPLATE), "--stdout"]
    return pair("infra build (process)", _process(command), "python -c pass", _python("pass"), bound=10.0)


def provisioning() -> Row:
    """Provision the sample in this process, from files to config; moto creates a stack of six resources."""
    import boto3
    from moto import mock_aws

    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import Project
    from infra_lib.workloads.scaffold import write_project

    folder = Path(tempfile.mkdtemp())
    try:
        write_project(folder)

        def ours() -> None:
            with Target.local() as target:
                Project.open(folder).inference.provision(target, resource_group="rg", location="westeurope")

        def peer() -> None:
            with mock_aws():
                client = boto3.client(
                    "cloudformation", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
                )
                client.create_stack(StackName="sample", TemplateBody=CLOUDFORMATION)

        return pair("provision the sample locally", ours, "moto: create_stack of six resources", peer, bound=1.0)
    finally:
        shutil.rmtree(folder)


def _python(code: str) -> Callable[[], object]:
    return _process([sys.executable, "-c", code])


def _process(command: list[str]) -> Callable[[], object]:
    # An installed package has its byte code; without this a development environment may compile it anew each time.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
