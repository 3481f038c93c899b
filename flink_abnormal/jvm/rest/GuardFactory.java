package flinkabnormal.rest;

import java.util.Map;
import java.util.Optional;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.io.network.netty.InboundChannelHandlerFactory;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;

/**
 * Puts a guard before each connection of Flink's REST API. Flink finds this class by META-INF/services; the interface
 * is marked as experimental, so an upgrade of Flink may need another way.
 */
public final class GuardFactory implements InboundChannelHandlerFactory {

    public int priority() {
        return 0;
    }

    public Optional createHandler(Configuration configuration, Map responseHeaders) {
        return Optional.of(new Placer(new Rules(configuration)));
    }

    /** Flink adds this handler behind its upload handler: it inserts the guard before that, and removes itself. */
    private static final class Placer extends ChannelInboundHandlerAdapter {
        private final Rules rules;

        Placer(Rules rules) {
            this.rules = rules;
        }

        public void handlerAdded(ChannelHandlerContext context) {
            String codec = context.pipeline().context(HttpServerCodec.class).name();
            context.pipeline().addAfter(codec, null, new Guard(rules));
            context.pipeline().remove(this);
        }
    }
}
