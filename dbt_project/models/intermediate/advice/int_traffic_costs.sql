{{ config(partitioned_by=['event_date'], tags=['event_days'], meta={'sliced_by': 'bucket'}) }}

with

verdicts as (

    select *

    from {{ ref('int_bucket_verdicts') }}

    where event_date in {{ event_days() }}

),

requests as (

    select *

    from {{ ref('int_seen_requests') }}

),

-- The mean length of a line: of the bucket's own lines of the day, or else of all lines of the day.
delivered_lines as (

    select *

    from {{ ref('int_delivered_lines') }}

),

-- Dollars by Region, or for all Regions.
dollar_prices as (

    select *

    from {{ ref('prices') }}

    where currency = 'USD'

),

-- The day's requests, whichever log saw them, and how many of them are data events or would be. CloudTrail writes no
-- data event for a bucket's configuration, a preflight or what S3 does by itself.
traffic as (

    select
        bucket_name,
        event_date,
        count(*) as requests,
        count_if(witness <> 'data_event') as logged_requests,
        count_if(
            witness <> 'access_log'
            or (operation like 'REST.%' and operation not like 'REST.OPTIONS.%' and is_of_object)
            or operation in (
                'REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.HEAD.BUCKET',
                'REST.POST.MULTI_OBJECT_DELETE', 'BATCH.DELETE.OBJECT'
            )
        ) as object_requests

    from requests

    group by bucket_name, event_date

),

lines_of_days as (

    select
        delivered_on,
        cast(sum(bytes) as double) / sum(lines) as bytes_a_line

    from delivered_lines

    group by delivered_on

),

regions as (

    select distinct region

    from verdicts

    where region is not null

),

-- A Region's own price goes before the price of all Regions.
prices as (

    select
        regions.region,
        dollar_prices.item,
        max_by(dollar_prices.price / dollar_prices.per, dollar_prices.region <> '*') as usd_each

    from regions

    inner join dollar_prices
        on
            regions.region = dollar_prices.region
            or (dollar_prices.region = '*' and {{ partition_of('regions.region') | indent(16) }} = 'aws')

    group by regions.region, dollar_prices.item

),

measured as (

    select
        verdicts.bucket_name,
        traffic.requests,
        traffic.object_requests,
        coalesce(cast(delivered_lines.bytes as double) / delivered_lines.lines, lines_of_days.bytes_a_line) as bytes_a_line,
        event_prices.usd_each as usd_a_data_event,
        storage_prices.usd_each as usd_a_stored_byte,
        (verdicts.is_witnessed_all_day or (verdicts.is_log_unbroken and traffic.logged_requests > 0))
        and unread_days.delivered_on is null as is_all_seen,
        verdicts.event_date

    from verdicts

    inner join traffic
        on
            verdicts.bucket_name = traffic.bucket_name
            and verdicts.event_date = traffic.event_date

    left join {{ ref('int_unseen_days') }} as unread_days
        on
            verdicts.event_date = unread_days.delivered_on
            and unread_days.bucket_name is null

    left join delivered_lines
        on
            verdicts.bucket_name = delivered_lines.bucket_name
            and verdicts.event_date = delivered_lines.delivered_on

    left join lines_of_days
        on verdicts.event_date = lines_of_days.delivered_on

    left join prices as event_prices
        on
            verdicts.region = event_prices.region
            and event_prices.item = 'cloudtrail_data_event'

    left join prices as storage_prices
        on
            verdicts.region = storage_prices.region
            and storage_prices.item = 's3_standard_stored'

)

-- A month is 30 days like this one. Only if a log saw the whole day: requests that no log shows would cost money too.
select
    bucket_name,
    object_requests,
    if(is_all_seen, cast(object_requests as double) * 30 * usd_a_data_event) as forecast_data_events_usd_month,
    if(is_all_seen, cast(requests as double) * bytes_a_line * 30 * usd_a_stored_byte) as forecast_access_log_usd_month,
    event_date

from measured
