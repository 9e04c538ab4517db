"""Lists of the data plane, as XML."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from infra_lib.local.files import content
from infra_lib.local.files.errors import XML_TYPE, StorageError
from infra_lib.local.files.share import Share
from infra_lib.local.protocol import Call, Reply
from infra_lib.local.store import Record

MAX_RESULTS = 5000
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def http_date(text: str) -> str:
    """A control plane's time in the form of a header."""
    return formatdate(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp(), usegmt=True)


def _xml(*parts: str) -> Reply:
    return Reply(200, (_HEAD + "".join(parts)).encode(), {"Content-Type": XML_TYPE})


def _limit(call: Call) -> int:
    text = call.query.get("maxresults", str(MAX_RESULTS))
    if not text.isdigit() or not int(text):
        raise StorageError(400, "OutOfRangeQueryParameterValue", f"maxresults '{text}' is not a number from 1.")
    return min(int(text), MAX_RESULTS)


def _endpoint(call: Call, account: str) -> str:
    return f"{call.origin}/" if call.origin.endswith(".file.core.windows.net") else f"{call.origin}/{account}/"


def shares(call: Call, account: str, records: Sequence[Record]) -> Reply:
    """List Shares."""
    prefix, marker, limit = call.query.get("prefix", ""), call.query.get("marker", ""), _limit(call)
    chosen = [record for record in records if record.body["name"].startswith(prefix) and record.body["name"] > marker]
    rows = []
    for record in chosen[:limit]:
        properties = record.properties
        metadata = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in (properties.get("metadata") or {}).items())
        rows.append(
            f"<Share><Name>{escape(record.body['name'])}</Name><Properties><Last-Modified>{http_date(properties['lastModifiedTime'])}"
            f"</Last-Modified><Etag>{escape(record.body['etag'])}</Etag><Quota>{properties['shareQuota']}</Quota>"
            f"<AccessTier>{properties['accessTier']}</AccessTier><EnabledProtocols>{properties['enabledProtocols']}</EnabledProtocols>"
            "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState></Properties>"
            + (f"<Metadata>{metadata}</Metadata>" if "metadata" in call.query.get("include", "") else "")
            + "</Share>"
        )
    following = chosen[limit - 1].body["name"] if len(chosen) > limit else ""
    return _xml(
        f"<EnumerationResults ServiceEndpoint={quoteattr(_endpoint(call, account))}><Shares>",
        *rows,
        f"</Shares><NextMarker>{escape(following)}</NextMarker></EnumerationResults>",
    )


def statistics(used: int) -> Reply:
    """Get Share Stats."""
    return _xml(
        f"<ShareStats><ShareUsage>{-(-used // 1024**3)}</ShareUsage><ShareUsageBytes>{used}</ShareUsageBytes></ShareStats>"
    )


def _name(name: str) -> str:
    if _NOT_IN_XML.search(name):
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _details(share: Share, path: str, status: os.stat_result, wanted: str) -> str:
    """What ``include`` asks for of an entry."""
    document = share.document(path)
    text = ""
    if "timestamps" in wanted:
        modified = content.last_modified(status, document)
        text += (
            f"<CreationTime>{content.file_time(document.get('created', status.st_ctime))}</CreationTime>"
            f"<LastAccessTime>{content.file_time(status.st_atime)}</LastAccessTime>"
            f"<LastWriteTime>{content.file_time(status.st_mtime)}</LastWriteTime>"
            f"<ChangeTime>{content.file_time(modified)}</ChangeTime>"
            f"<Last-Modified>{formatdate(modified, usegmt=True)}</Last-Modified>"
        )
    if "etag" in wanted:
        text += f"<Etag>{escape(content.etag(status, document))}</Etag>"
    return text


def entries(share: Share, folder: str, shown_path: str, call: Call) -> Reply:
    """List Directories and Files: by name, both mixed."""
    prefix, marker, limit = call.query.get("prefix", ""), call.query.get("marker", ""), _limit(call)
    wanted = call.query.get("include", "").lower()
    with os.scandir(folder) as scan:
        found = sorted((entry for entry in scan if entry.name.lower().startswith(prefix.lower())), key=lambda entry: entry.name)
    found = [entry for entry in found if entry.name > marker]
    rows = []
    for entry in found[:limit]:
        status = entry.stat(follow_symlinks=os.path.exists(entry.path))
        details = _details(share, entry.path, status, wanted) if wanted else ""
        tail = f"<Attributes>{'Directory' if entry.is_dir() else 'Archive'}</Attributes>" if "attributes" in wanted else ""
        identifier = f"<FileId>{content.identifier(status)}</FileId>"
        if entry.is_dir():
            rows.append(f"<Directory>{identifier}{_name(entry.name)}<Properties>{details}</Properties>{tail}</Directory>")
        else:
            size = f"<Content-Length>{status.st_size}</Content-Length>"
            rows.append(f"<File>{identifier}{_name(entry.name)}<Properties>{size}{details}</Properties>{tail}</File>")
    following = found[limit - 1].name if len(found) > limit else ""
    account = share.key.partition("/")[0]
    return _xml(
        f"<EnumerationResults ServiceEndpoint={quoteattr(_endpoint(call, account))} ShareName={quoteattr(share.name)} "
        f"DirectoryPath={quoteattr(_NOT_IN_XML.sub('', shown_path))}>",
        f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker><MaxResults>{limit}</MaxResults>",
        f"<DirectoryId>{content.identifier(os.stat(folder))}</DirectoryId><Entries>",
        *rows,
        f"</Entries><NextMarker>{escape(following)}</NextMarker></EnumerationResults>",
    )


def ranges(path: str) -> Reply:
    """List Ranges: the parts of a file that hold data, as the file system knows them."""
    size = os.stat(path).st_size
    found, position = [], 0
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while position < size:
            try:
                first = os.lseek(descriptor, position, os.SEEK_DATA)
            except OSError:
                break
            position = os.lseek(descriptor, first, os.SEEK_HOLE)
            found.append(f"<Range><Start>{first}</Start><End>{min(position, size) - 1}</End></Range>")
    finally:
        os.close(descriptor)
    return _xml("<Ranges>", *found, "</Ranges>")
