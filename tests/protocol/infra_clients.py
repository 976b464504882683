"""OpenTelemetry's SDK sends logs, metrics and spans; Stripe's library signs webhooks: exactly those arrive, once each."""

import json
import time

import stripe
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from host import Wire, everything, expect

RESOURCE = Resource({"service.name": "shop", "service.instance.id": "web-1"})
DELTA = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
SECRET = "whsec_test_secret"


def exporter(kind, host, signal, **more):
    headers = {"authorization": f"Bearer {host.key}"}
    return kind(endpoint=f"{host.url}/v1/{signal}", headers=headers, timeout=10, **more)


def otel_metrics(host):
    for compression in (Compression.NoCompression, Compression.Gzip):
        out = exporter(OTLPMetricExporter, host, "metrics", preferred_temporality=DELTA, compression=compression)
        views = [View(instrument_name="size", aggregation=ExponentialBucketHistogramAggregation())]
        provider = MeterProvider(metric_readers=[PeriodicExportingMetricReader(out)], resource=RESOURCE, views=views)
        meter = provider.get_meter("shop")
        orders = meter.create_counter("orders", unit="1")
        for country in ("DE", "DE", "AT"):
            orders.add(1, {"country": country})
        latency = meter.create_histogram("latency", unit="ms")
        size = meter.create_histogram("size", unit="By")
        for n in range(1, 1001):
            latency.record(n, {"http.route": "/pay"})
            size.record(n)
        meter.create_gauge("stock").set(-5)
        meter.create_up_down_counter("open").add(2)
        provider.shutdown()
    expect(host, {"orders": 4, "latency": 2, "size": 2, "stock": 2, "open": 2})
    sums = {row["props"]["country"]: row["props"]["value"] for row in host.events("orders")}
    assert sums == {"DE": 2, "AT": 1}, sums
    for name in ("latency", "size"):
        row = host.events(name)[0]
        props = row["props"]
        assert (props["count"], props["sum"], props["min"], props["max"]) == (1000, 500500, 1, 1000), props
        assert row["unit"] == "web-1" and "cumulative" not in props, row
        for quantile, value in (("p50", 500), ("p95", 950), ("p99", 990)):
            assert abs(props[quantile] - value) < 0.05 * value, props
    assert host.events("stock")[0]["props"]["value"] == -5
    assert host.events("open")[0]["props"] == {"value": 2, "otel.scope.name": "shop", **dict(RESOURCE.attributes)}
    everything(host, 12)


def otel_cumulative(host):
    out = exporter(OTLPMetricExporter, host, "metrics")
    provider = MeterProvider(metric_readers=[PeriodicExportingMetricReader(out)], resource=RESOURCE)
    counter = provider.get_meter("shop").create_counter("orders")
    for _ in range(2):
        counter.add(3)
        provider.force_flush()
    expect(host, {"orders": 2})
    rows = [row["props"] for row in host.events("orders")]
    assert sorted(row["value"] for row in rows) == [3, 6] and all(row["cumulative"] is True for row in rows), rows
    provider.shutdown()


def otel_logs(host):
    out = exporter(OTLPLogExporter, host, "logs")
    provider = LoggerProvider(resource=RESOURCE)
    provider.add_log_record_processor(BatchLogRecordProcessor(out))
    logger = provider.get_logger("shop")
    for n in range(700):
        body = {"text": "ü\"\\ 😀", "left": [n, 2.5, True, b"x"]}
        logger.emit(LogRecord(
            timestamp=time.time_ns(), severity_number=SeverityNumber.WARN, body=body, attributes={"sku": f"s{n}"},
        ))
    logger.emit(LogRecord(timestamp=time.time_ns(), event_name="app.checkout", body="bought"))
    provider.shutdown()
    expect(host, {"$log": 700, "app.checkout": 1})
    row = next(row for row in host.events("$log") if row["props"].get("sku") == "s690")
    props = row["props"]
    assert props["body"] == {"text": "ü\"\\ 😀", "left": [690, 2.5, True, "eA=="]}, props
    assert (props["severity"], props["severity_number"], row["unit"]) == ("WARN", 13, "web-1"), row


def otel_traces(host):
    out = exporter(OTLPSpanExporter, host, "traces", compression=Compression.Gzip)
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(out))
    tracer = provider.get_tracer("shop")
    for n in range(30):
        try:
            with tracer.start_as_current_span("GET /pay"):
                with tracer.start_as_current_span("read"):
                    pass
                with tracer.start_as_current_span("charge", attributes={"n": n}):
                    if n % 3 == 0:
                        raise ValueError("card declined")
        except ValueError:
            pass
    provider.force_flush()
    expect(host, {"$span": 40})
    spans = [row["props"] for row in host.events("$span")]
    roots = [span for span in spans if span["root"]]
    charges = [span for span in spans if not span["root"]]
    assert len(roots) == 30 and all(span["duration_ms"] >= 0 for span in roots), roots[:2]
    assert {span["n"] for span in charges} == set(range(0, 30, 3)), charges
    assert all("card declined" in span["status_message"] and span["status"] == "error" for span in charges), charges
    with tracer.start_as_current_span("once more"):
        pass
    provider.shutdown()
    refused = OTLPSpanExporter(endpoint=f"{host.url}/v1/traces", headers={"authorization": "Bearer no"}, timeout=5)
    finished = tracer.start_span("refused")
    finished.end()
    assert refused.export([finished]) is SpanExportResult.FAILURE


def stripe_webhooks(host):
    host.ras("source", "add", host.dir, "payments", "--kind", "stripe", "--json")
    host.ras("secret", "set", host.dir, "payments", "--json", text=SECRET)
    wire = Wire(host)

    def deliver(event, secret=SECRET, at=None):
        payload = json.dumps(event)
        at = int(time.time()) if at is None else at
        signature = stripe.WebhookSignature._compute_signature(f"{at}.{payload}", secret)
        header = f"t={at},v1={signature}"
        if secret == SECRET:
            parsed = stripe.Webhook.construct_event(payload, header, SECRET, tolerance=None)
            assert parsed["id"] == event["id"]
        wire.connection.request("POST", "/hooks/stripe/payments", payload, {"Stripe-Signature": header})
        answer = wire.connection.getresponse()
        answer.read()
        return answer.status

    def event(n, kind, **data):
        return {
            "id": f"evt_{n}", "object": "event", "type": kind, "created": int(time.time()), "livemode": False,
            "data": {"object": data},
        }

    charge = event(
        1, "charge.succeeded", object="charge", id="ch_1", amount=1099, currency="eur", customer="cus_1",
        metadata={"user_id": "u1"}, billing_details={"email": "ann@example.com"},
    )
    for _ in range(3):
        assert deliver(charge) == 200, "a delivery, and Stripe's retries"
    yen = event(2, "charge.succeeded", object="charge", id="ch_2", amount=500, currency="jpy", customer="cus_2")
    assert deliver(yen) == 200
    assert deliver(event(3, "invoice.paid", object="invoice"), secret="whsec_other") == 400
    assert deliver(event(4, "invoice.paid", object="invoice"), at=int(time.time()) - 400) == 400
    expect(host, {"charge.succeeded": 2, "$identify": 1})
    rows = {row["unit"]: row["props"] for row in host.events("charge.succeeded")}
    assert {unit: props["amount"] for unit, props in rows.items()} == {"cus_1": 10.99, "cus_2": 500}, rows
    assert "ann@example.com" not in json.dumps(rows)
    everything(host, 3)


TESTS = [otel_metrics, otel_cumulative, otel_logs, otel_traces, stripe_webhooks]
