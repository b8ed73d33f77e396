// Java's `java.net.http` as a client, in one file: `java Client URL [certificate to trust]`. Tries what battery.py says, and
// prints the same JSON of one plan, by hand. permessage-deflate it has not.

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
    /** What comes: String, byte[], Pong or Closed. */
    static final class Events implements WebSocket.Listener {
        final LinkedBlockingQueue<Object> queue = new LinkedBlockingQueue<>();
        final StringBuilder text = new StringBuilder();
        final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                queue.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean isLast) {
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
            if (isLast) {
                queue.add(bytes.toByteArray());
                bytes.reset();
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
            queue.add(new Pong(StandardCharsets.UTF_8.decode(payload).toString()));
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            queue.add(new Closed(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            queue.add(error);
        }

        Object next() throws Exception {
            Object event = queue.poll(30, TimeUnit.SECONDS);
            if (event instanceof Throwable error) throw new RuntimeException(error);
            if (event == null) throw new RuntimeException("nothing comes");
            return event;
        }
    }

    record Pong(String payload) {}

    record Closed(int code, String reason) {
        String json() {
            return "[" + code + ", \"" + reason + "\"]";
        }
    }

    static WebSocket connect(HttpClient client, String url, Events events) throws Exception {
        return client.newWebSocketBuilder().subprotocols("other", "echo").buildAsync(URI.create(url), events).get();
    }

    static void sendText(WebSocket socket, String... fragments) throws Exception {
        for (int i = 0; i < fragments.length; i++) socket.sendText(fragments[i], i == fragments.length - 1).get();
    }

    static SSLContext trusting(String path) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (FileInputStream file = new FileInputStream(path)) {
            store.setCertificateEntry("peer", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    public static void main(String[] args) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (args.length > 1) builder.sslContext(trusting(args[1]));
        HttpClient client = builder.build();
        Events events = new Events();
        WebSocket socket = connect(client, args[0], events);

        List<Object> messages = new ArrayList<>();
        byte[] noise = new byte[1 << 20];
        new Random(1).nextBytes(noise);
        messages.addAll(List.of("hello", "", "漢字🎉".repeat(1000), new byte[0], new byte[] {0, -1}));
        for (int i = 0; i < 8; i++) messages.add("{\"id\":" + i + ",\"text\":\"" + "漢字🎉 and text ".repeat(i % 5) + "\"}");
        messages.addAll(List.of(noise, "漢字🎉".repeat((1 << 20) / 10), Arrays.copyOf(noise, 70_000), "last"));
        List<Integer> wrong = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            Object message = messages.get(i);
            if (message instanceof String text) {
                sendText(socket, text);
                if (!text.equals(events.next())) wrong.add(i);
            } else {
                socket.sendBinary(ByteBuffer.wrap((byte[]) message), true).get();
                if (!(events.next() instanceof byte[] echo) || !Arrays.equals(echo, (byte[]) message)) wrong.add(i);
            }
        }
        sendText(socket, "!fragments");
        Object fragments = events.next();
        sendText(socket, "!ping");
        Object ponged = events.next();
        socket.sendPing(ByteBuffer.wrap("payload".getBytes())).get();
        if (!events.next().equals(new Pong("payload"))) throw new RuntimeException("not our pong");
        sendText(socket, "one 漢", "字 two ", "three 🎉");
        Object sentFragments = events.next();
        String protocol = socket.getSubprotocol();
        socket.sendClose(4321, "that is all 漢").get();
        Closed closed = (Closed) events.next();

        Events otherEvents = new Events();
        WebSocket other = connect(client, args[0], otherEvents);
        sendText(other, "!close");
        Closed closedByServer = (Closed) otherEvents.next();

        String json =
            String.format(
                "[{\"protocol\": \"%s\", \"wrong\": %s, \"fragments\": \"%s\", \"ponged\": \"%s\", "
                    + "\"sentFragments\": \"%s\", \"closes\": [%s, %s]}]",
                protocol, wrong, fragments, ponged, sentFragments, closed.json(), closedByServer.json());
        System.out.write((json + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        // The client's threads live on for a while.
        System.exit(0);
    }
}
