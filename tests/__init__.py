"""Tests; the folders mirror the packages of ``zigzag_lab``."""
