"""AWS on this machine: moto, with the gaps closed that a real Terraform provider and real jobs fall into.

One module a service, each change saying which gap of moto 5.2 it closes. `server` starts it in a process of its own.
"""

BROKER = "HEADRACE_REHEARSED_BROKER"
"""In its environment: the broker that Kafka's clusters name."""
CLUSTER = "HEADRACE_REHEARSED_CLUSTER"
"""The folder in which steps are run; without it they are not."""
