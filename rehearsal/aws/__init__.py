"""AWS on this machine: moto, with the gaps closed that a real Terraform provider and real jobs fall into.

One module a service, each change saying which gap of moto 5.2 it closes. `server` starts it in a process of its own.
"""
