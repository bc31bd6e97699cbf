"""Where moto is corrected: S3, CloudTrail, Glue, tagging, CloudFormation."""
