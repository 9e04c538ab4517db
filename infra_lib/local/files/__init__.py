"""The Azure Files data plane: what azure-storage-file-share asks for, over folders on disk."""

from infra_lib.local.files.service import FileService

__all__ = ["FileService"]
