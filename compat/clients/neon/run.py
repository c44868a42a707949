#!/usr/bin/env python3
"""@neondatabase/serverless, with Drizzle and Kysely on it: SQL over HTTP."""
