-- Who uses plain HTTP, or TLS below 1.2, and with which client.
--
-- bucket (text, default '%'): Name of the bucket, or a pattern of LIKE.
-- since (day, default yesterday): First day, UTC.
-- until (day, default since): Last day, UTC.
select
    bucket_name,
    coalesce(tls_version, 'plain HTTP') as transport,
    coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')) as who,
    client_class,
    count(*) as requests,
    count(distinct remote_ip) as addresses,
    min(user_agent) as one_user_agent,
    max(requested_at) as last_at
from lacuna.fct_object_requests
where
    coalesce(bucket_name, '') like ?
    and event_date between cast(? as date) and cast(? as date)
    and (
        lower(tls_version) in ('tlsv1', 'tlsv1.0', 'tlsv1.1', 'sslv3')
        -- A record of a request that S3 got over HTTP. Data events, old records and S3's own work do not say.
        or (
            witness <> 'data_event'
            and tls_version is null
            and cipher_suite is null
            and host_header is not null
            and http_status is not null
            and coalesce(requester, '') not like 'svc:%'
        )
    )
group by bucket_name, tls_version, coalesce(requester, if(auth_type is null, 'anonymous', 'signature refused')), client_class
order by requests desc, bucket_name asc, transport asc, who asc
