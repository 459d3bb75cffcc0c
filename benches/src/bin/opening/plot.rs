//! Microseconds an intent against N: a panel for each committee, a line for each engine.
//!
//! Both axes are logarithmic: rounds grow by factors, and engines differ by hundreds.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use sealbid_benches::Fallible;

use crate::engine::Phase;
use crate::measure::Measured;

/// A part of the picture.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Of the whole picture.
const SIZE: (u32, u32) = (1200, 960);

/// The height of the legend's strip.
const LEGEND: i32 = 64;

/// Distinct in hue and in brightness (Okabe and Ito's palette).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
];

/// One engine's line in one panel.
struct Series {
    name: &'static str,
    colour: RGBColor,
    /// N, microseconds, and whether they were scaled.
    points: Vec<(f64, f64, bool)>,
}

/// Draws the totals of one member into `file`, as SVG. A hollow point was scaled.
pub(crate) fn draw(all: &[Measured], file: &Path) -> Fallible<()> {
    let mut committees: Vec<(u8, u8)> = all.iter().map(|m| (m.case.n, m.case.q)).collect();
    // Cases come committee by committee, so that those that repeat are neighbours.
    committees.dedup();
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (strip, rest) = root.split_vertically(LEGEND);
    let panels = rest.split_evenly((committees.len().div_ceil(2), 2));
    // One scale for all panels, with room above the highest line: they are there to be compared.
    let top = highest(all) * 2.0;
    for (at, ((n, q), panel)) in committees.into_iter().zip(panels).enumerate() {
        let series = series(all, n, q);
        // Every panel has the same engines in the same colours.
        if at == 0 {
            draw_legend(&strip, &series)?;
        }
        draw_panel(&panel, &format!("{q} of {n} members"), &series, top)?;
    }
    // Errors of the file come here, and not when it is dropped.
    root.present()?;
    Ok(())
}

/// One legend for all panels, in columns.
fn draw_legend(area: &Area<'_>, series: &[Series]) -> Fallible<()> {
    let (columns, width, height) = (4, 290, 24);
    for (at, Series { name, colour, .. }) in (0i32..).zip(series) {
        let (x, y) = (24 + at % columns * width, 12 + at / columns * height);
        area.draw(&Rectangle::new([(x, y), (x + 14, y + 8)], colour.filled()))?;
        area.draw(&Text::new(*name, (x + 22, y - 3), ("sans-serif", 16)))?;
    }
    Ok(())
}

/// Microseconds of the slowest total; at least one, for the axis.
fn highest(all: &[Measured]) -> f64 {
    let engines = all.iter().flat_map(|measured| &measured.engines);
    let totals = engines.filter_map(|(_, samples)| samples.microseconds(Phase::Total));
    totals.fold(1.0, f64::max)
}

/// A line for each engine. Its place in the list gives its colour.
fn series(all: &[Measured], n: u8, q: u8) -> Vec<Series> {
    let of_committee = all.iter().filter(|m| (m.case.n, m.case.q) == (n, q));
    let mut series: Vec<Series> = Vec::new();
    for measured in of_committee {
        for (at, (engine, samples)) in measured.engines.iter().enumerate() {
            // The first case of a committee begins the lines, and the others go on with them.
            if series.len() <= at {
                series.push(Series {
                    name: engine.name,
                    colour: COLOURS.get(at).copied().unwrap_or(BLACK),
                    points: Vec::new(),
                });
            }
            let total = samples.microseconds(Phase::Total);
            if let (Some(series), Some(total)) = (series.get_mut(at), total) {
                let count = f64::from(measured.case.count);
                series.points.push((count, total, samples.scaled));
            }
        }
    }
    series
}

fn draw_panel(area: &Area<'_>, caption: &str, series: &[Series], top: f64) -> Fallible<()> {
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(84)
        // From one intent to somewhat more than the largest round of the grid.
        .build_cartesian_2d((0.8..12_000.0).log_scale(), (50.0..top).log_scale())?;
    chart
        .configure_mesh()
        // Without the lines between two powers of ten.
        .light_line_style(TRANSPARENT)
        .x_desc("N, intents a round")
        .y_desc("total, microseconds an intent")
        .label_style(("sans-serif", 16))
        .x_label_formatter(&|intents| format!("{intents:.0}"))
        .y_label_formatter(&|microseconds| format!("{microseconds:.0}"))
        .axis_desc_style(("sans-serif", 17))
        .draw()?;
    for Series { colour, points, .. } in series {
        let line = points.iter().map(|(x, y, _)| (*x, *y));
        let colour = *colour;
        chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|(x, y, scaled)| {
            // Hollow where fewer ciphertexts were run than the round has.
            let style = if *scaled {
                colour.stroke_width(1)
            } else {
                colour.filled()
            };
            Circle::new((*x, *y), 4, style)
        }))?;
    }
    Ok(())
}
