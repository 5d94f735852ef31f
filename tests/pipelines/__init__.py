"""Random lists of stages: what a bystander sees of a pipeline is what its record says.

``lists`` makes a list from a number, ``users`` has the stages of users in it, ``bystander`` watches the list run
without a record, ``stored`` reads a record back from its tables, and ``comparison`` holds the one against the other.
"""
