{#-
    Who asks, of what kind, and by which rule: class, rule, condition. The first that holds counts. User agents do not
    count, because clients choose them. The name of a session may be chosen too, and the rule's name says so.
-#}
{% macro actor_rules() -%}
    {{ return([
        ('lifecycle', 'acts_by_itself', "requester = 'AmazonS3' or action in ('expire_object', 'expire_marker', 'transition')"),
        ('aws_service', 'acts_by_itself', "operation like 'S3.%' and requester is null"),
        ('aws_service', 'service_principal', "requester like 'svc:%' or identity_type = 'AWSService'"),
        ('aws_service', 'service_role', "regexp_like(requester, ':assumed-role/AWSServiceRoleFor')"),
        ('aws_service', 'origin_access_identity', "regexp_like(requester, '^arn:[^:]*:iam::cloudfront:') or identity_account_id = 'cloudfront'"),
        ('aws_service', 'account_of_aws', 'calling_service is not null'),
        ('anonymous', 'not_signed', 'is_anonymous'),
        ('auth_failed', 'signature_without_requester', 'requester is null'),
        ('root', 'root_identity', "identity_type = 'Root' or regexp_like(requester, '^arn:[^:]*:iam::[0-9]{12}:root$')"),
        ('root', 'canonical_id_of_owner', "regexp_like(requester, '^[0-9a-f]{64}$') and requester = bucket_owner"),
        ('human', 'console_credential', 'is_console_credential'),
        ('human', 'single_sign_on_role', "regexp_like(requester, ':assumed-role/AWSReservedSSO_')"),
        ('automation', 'session_named_as_instance', "regexp_like(session_name, '^i-[0-9a-f]{8,17}$')"),
        ('automation', 'session_named_as_sdk_does', "regexp_like(session_name, '^(?:botocore-session-|aws-sdk-[a-z]+-|aws-go-sdk-)[0-9]+$')"),
    ]) }}
{%- endmacro %}

{#- A session of a role is the role: the same words in both logs and in a call's identity. -#}
{% macro without_session(arn) -%}
    coalesce(regexp_extract({{ arn }}, '^(arn:[^:]*:sts::[0-9]{12}:assumed-role/[^/]+)/', 1), {{ arn }})
{%- endmacro %}

{#- The AWS service that a principal's name names: `delivery.logs` of `delivery.logs.amazonaws.com`. -#}
{% macro service(text, before='') -%}
    regexp_extract({{ text }}, '^{{ before }}([a-z0-9.-]+)[.]amazonaws[.]com(?:[.]cn)?$', 1)
{%- endmacro %}
