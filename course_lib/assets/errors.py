"""What can go wrong with an asset, each with a message that says what to do."""


class AssetError(RuntimeError):
    """An asset could not be fetched or is damaged; the message names the way out."""


class AssetMissingError(FileNotFoundError):
    """An asset is not in the cache; the message names the command that fetches it."""
