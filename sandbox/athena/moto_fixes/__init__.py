"""Corrections of moto: S3, CloudTrail, Glue, tagging, CloudFormation."""
