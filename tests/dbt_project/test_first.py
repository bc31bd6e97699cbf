from datetime import date
def test_it(lake):
    import json
    lines=[json.loads(l)["line"] for l in open("/work/shared/conformance/sal_cases.jsonl")]
    d=date(2026,11,20)
    lake.deliver(d, {"2026-11-20-00-00-00-AA": ("\n".join(lines)+"\n").encode()})
    lake.catalogue(d)
    lake.observe(date(2026,11,21), [{"bucket_name":"photos"}])
    lake.build("delivery_day", d)
    print(lake.rows("select kind, source_bucket, object_key, size_bytes, bytes_read, lines_parsed, lines_quarantined, lines_duplicate, status from lacuna.fct_log_objects"))
    print(lake.rows("select reason, count(*) n from lacuna.quarantined_lines group by 1"))
    lake.build("event_days", d, [d, date(2021,5,13), date(2014,2,18)])
    print(lake.rows("select * from lacuna.fct_delivery_hours where event_date=date '2014-02-18'")[:8])
    print(lake.rows("select * from lacuna.fct_logging_coverage"))
    print(lake.rows("select * from lacuna.fct_object_requests limit 2"))
