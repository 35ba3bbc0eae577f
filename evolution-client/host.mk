# The client's core for hosts: simulator, tests, and the hosted client.
# SPDX-License-Identifier: MIT
library := client_core
uses    := manifest mbedtls
sources := core/*.c
