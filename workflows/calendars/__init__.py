"""Calendars: the working days of China, and a district's own days and school terms."""
