//! Lines on logarithmic axes, as SVG.

use std::fmt::Write as _;

/// The measurements for one size.
pub struct Series {
    /// The quantity that grows.
    pub by: &'static str,
    /// The sizes, and the seconds that each took.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const COLUMNS: usize = 3;
/// The space around a plot for its labels.
const MARGIN: f64 = 46.0;

/// Draws all series, each with a grey line: linear growth that ends at the cost of the largest size.
pub fn svg(series: &[Series]) -> String {
    let (columns, rows) = (COLUMNS.min(series.len()), series.len().div_ceil(COLUMNS));
    let (width, height) = (columns as f64 * WIDTH, rows as f64 * HEIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (index, series) in series.iter().enumerate() {
        let (x, y) = ((index % COLUMNS) as f64 * WIDTH, (index / COLUMNS) as f64 * HEIGHT);
        let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">\n{}</g>", plot(series));
    }
    svg.push_str("</svg>\n");
    svg
}

fn plot(Series { by, points }: &Series) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let linear = (first.0, last.1 * first.0 / last.0);
    let times = || points.iter().map(|point| point.1).chain([linear.1]);
    let (low, high) = (times().fold(f64::MAX, f64::min), times().fold(0.0, f64::max));
    let place = |value: f64, from: f64, to: f64| (value / from).ln() / (to / from).ln();
    let x = |size: f64| MARGIN + place(size, first.0, last.0) * (WIDTH - 2.0 * MARGIN);
    let y = |time: f64| HEIGHT - MARGIN - place(time, low, high) * (HEIGHT - 2.0 * MARGIN);

    let mut plot = format!("<text x=\"{MARGIN}\" y=\"24\" font-weight=\"bold\">by {by}</text>\n");
    let _ = writeln!(
        plot,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"silver\" stroke-dasharray=\"4\"/>",
        x(linear.0),
        y(linear.1),
        x(last.0),
        y(last.1)
    );
    let line: Vec<String> = points.iter().map(|(size, time)| format!("{:.1},{:.1}", x(*size), y(*time))).collect();
    let _ = writeln!(plot, "<polyline points=\"{}\" fill=\"none\" stroke=\"steelblue\"/>", line.join(" "));
    for (size, time) in points {
        let (x, y) = (x(*size), y(*time));
        let _ = writeln!(plot, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"steelblue\"/>");
        let (above, below) = (y - 8.0, HEIGHT - MARGIN + 18.0);
        let _ = writeln!(plot, "<text x=\"{x:.1}\" y=\"{above:.1}\" text-anchor=\"middle\">{}</text>", told(*time));
        let _ =
            writeln!(plot, "<text x=\"{x:.1}\" y=\"{below:.1}\" text-anchor=\"middle\" fill=\"gray\">{size}</text>");
    }
    plot
}

/// Formats seconds with two digits.
pub fn told(seconds: f64) -> String {
    let (value, unit) = match seconds {
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let digits = if value < 1.0 { 2 } else { usize::from(value < 10.0) };
    format!("{value:.digits$} {unit}")
}
