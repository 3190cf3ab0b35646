# The UI is built already: web/dist is part of the checkout and goes into the binary.
FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p cascade && strip target/release/cascade

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /srv/cascade cascade \
    && install -d -o cascade /srv/cascade /var/lib/cascade
COPY --from=build /src/target/release/cascade /usr/local/bin/cascade
WORKDIR /srv/cascade
USER cascade
ENV CASCADE_LISTEN=0.0.0.0:7878 CASCADE_DATA_DIR=/var/lib/cascade
EXPOSE 7878
# The binary asks itself: the image needs no other program for it.
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s CMD ["cascade", "health"]
CMD ["cascade"]
