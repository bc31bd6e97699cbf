{#-
    Who asks, of what kind, and by which rule: class, rule, condition. The first that holds counts. Only what S3 or
    CloudTrail says of the caller counts; user agents do not, because clients choose them.
-#}
{% macro actor_rules() -%}
    {{ return([
        ('lifecycle', 'acts_by_itself', "operation like 'S3.%' or requester = 'AmazonS3'"),
        ('aws_service', 'service_principal', "requester like 'svc:%' or identity_type = 'AWSService'"),
        ('aws_service', 'service_role', "regexp_like(requester, ':assumed-role/AWSServiceRoleFor')"),
        ('aws_service', 'origin_access_identity', "regexp_like(requester, '^arn:[^:]*:iam::cloudfront:') or identity_account_id = 'cloudfront'"),
        ('anonymous', 'not_signed', 'is_anonymous'),
        ('auth_failed', 'signature_without_requester', 'requester is null'),
        ('root', 'root_identity', "identity_type = 'Root' or regexp_like(requester, '^arn:[^:]*:iam::[0-9]{12}:root$')"),
        ('human', 'console_credential', 'is_console_credential'),
        ('human', 'single_sign_on_role', "regexp_like(requester, ':assumed-role/AWSReservedSSO_')"),
        ('automation', 'instance_session', "regexp_like(session_name, '^i-[0-9a-f]{8,17}$')"),
        ('automation', 'generated_session', "regexp_like(session_name, '^(?:botocore-session-|aws-sdk-[a-z]+-|aws-go-sdk-)[0-9]+$')"),
    ]) }}
{%- endmacro %}
