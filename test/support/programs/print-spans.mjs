// Preloaded into a program that uses the API of OpenTelemetry: an SDK that writes each span to the output when it ends.

import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

const printer = {
  onStart() {},
  onEnd(span) {
    const { name, attributes, status, events, parentSpanContext } = span;
    const [id, parent] = [span.spanContext().spanId, parentSpanContext?.spanId];
    console.log(
      JSON.stringify({ name, id, parent, attributes, status: status.code, events: events.map((e) => e.name) }),
    );
  },
  async forceFlush() {},
  async shutdown() {},
};

trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [printer] }));
