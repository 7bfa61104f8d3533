"""Triggers that fire: dates, polls, webhooks and what happens outside become executions."""
