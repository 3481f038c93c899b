package flinkabnormal.rest;

import java.nio.charset.StandardCharsets;
import org.apache.flink.shaded.netty4.io.netty.buffer.ByteBuf;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelDuplexHandler;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelFutureListener;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelPromise;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.DefaultFullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaders;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpRequest;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpResponseStatus;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpVersion;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;

/**
 * Refuses requests by the rules before Flink's handlers read them, and stops other websites from reading or framing
 * responses.
 */
final class Guard extends ChannelDuplexHandler {
    private final Rules rules;
    private boolean refused;

    Guard(Rules rules) {
        this.rules = rules;
    }

    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!refused && message instanceof HttpRequest) {
            String reason = rules.refusal((HttpRequest) message);
            refused = reason != null;
            if (refused) refuse(context, reason);
        }
        if (refused) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    /** Responds like Flink's errors, and closes the connection. */
    private static void refuse(ChannelHandlerContext context, String reason) {
        ByteBuf body = Unpooled.copiedBuffer("{\"errors\":[\"" + reason + "\"]}", StandardCharsets.UTF_8);
        HttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.FORBIDDEN, body);
        answer.headers().set("content-type", "application/json; charset=UTF-8");
        answer.headers().set("content-length", Integer.valueOf(body.readableBytes()));
        answer.headers().set("connection", "close");
        context.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
    }

    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse) {
            HttpHeaders headers = ((HttpResponse) message).headers();
            headers.remove("access-control-allow-origin");
            headers.set("x-frame-options", "SAMEORIGIN");
        }
        context.write(message, promise);
    }
}
