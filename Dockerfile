FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p cascade

FROM debian:bookworm-slim
RUN useradd --system --home-dir /srv/cascade cascade \
    && install -d -o cascade /srv/cascade /var/lib/cascade
COPY --from=build /src/target/release/cascade /usr/local/bin/cascade
WORKDIR /srv/cascade
USER cascade
ENV CASCADE_LISTEN=0.0.0.0:7878 CASCADE_DATA_DIR=/var/lib/cascade
EXPOSE 7878
CMD ["cascade"]
