"""What stands for the library where only the entry of a cluster is tried."""

BARE = {
    "headrace/__init__.py": "",
    "headrace/lake/__init__.py": "",
    "headrace/engines/__init__.py": "class Job:\n    def __init__(self, **given): self.__dict__ = given",
}
