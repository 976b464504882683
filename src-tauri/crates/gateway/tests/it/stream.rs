//! A reader of server-sent events.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::kit::Gateway;

pub struct Stream {
    pub status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
}

impl Stream {
    pub fn open(gateway: &Gateway, target: &str, headers: &[(&str, &str)]) -> Self {
        let mut socket = TcpStream::connect(gateway.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(socket, "GET {target} HTTP/1.1\r\nHost: localhost\r\n").unwrap();
        for (name, value) in headers {
            write!(socket, "{name}: {value}\r\n").unwrap();
        }
        socket.write_all(b"\r\n").unwrap();
        let mut reader = BufReader::new(socket);
        let mut line = || {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        while let Some((name, value)) = line().split_once(": ") {
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        Self { status, headers, reader }
    }

    /// Opens it as soon as a place is free: one is given back only when the server saw the other end go.
    pub fn retry(gateway: &Gateway, target: &str, headers: &[(&str, &str)]) -> Self {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let stream = Self::open(gateway, target, headers);
            if stream.status != 429 || Instant::now() > deadline {
                return stream;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The next frame, without the empty line at its end.
    pub fn next(&mut self) -> String {
        let mut size = String::new();
        self.reader.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).unwrap();
        String::from_utf8(chunk).unwrap().trim_end().to_owned()
    }

    /// Whether the server ended it properly.
    pub fn ended(mut self) -> bool {
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).unwrap();
        rest == "0\r\n\r\n"
    }
}
