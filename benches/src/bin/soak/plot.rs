//! What members take against rounds: a panel for each quantity, a line for each member.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use sealbid_benches::Fallible;

use crate::sample::{Quantity, SHOWN, Sample};

/// A part of the picture.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Of the whole picture.
const SIZE: (u32, u32) = (1200, 800);

/// Distinct in hue and in brightness (Okabe and Ito's palette).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// Draws the samples into `file`, as SVG.
pub(crate) fn draw(samples: &[Sample], file: &Path) -> Fallible<()> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = root.split_evenly((SHOWN.len().div_ceil(2), 2));
    for ((name, what, _), panel) in SHOWN.into_iter().zip(panels) {
        draw_panel(&panel, name, what, samples)?;
    }
    // Errors of the file come here, and not when it is dropped.
    root.present()?;
    Ok(())
}

fn draw_panel(area: &Area<'_>, name: &str, what: Quantity, samples: &[Sample]) -> Fallible<()> {
    let all = samples.iter().flat_map(|sample| &sample.members);
    // From zero: a flat line is one only beside its own height.
    let top = all.map(what).fold(1.0, f64::max) * 1.2;
    // Labels must tell the lines of the grid apart.
    let decimals = usize::from(top < 5.0);
    let rounds = samples.last().map_or(1.0, |sample| sample.round.0 as f64);
    let mut chart = ChartBuilder::on(area)
        .caption(name, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(46)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..rounds, 0.0..top)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("rounds")
        .label_style(("sans-serif", 16))
        .x_label_formatter(&|round| format!("{round:.0}"))
        .y_label_formatter(&|value| format!("{value:.decimals$}"))
        .axis_desc_style(("sans-serif", 17))
        .draw()?;
    let members = samples.first().map_or(0, |sample| sample.members.len());
    for (member, colour) in (0..members).zip(COLOURS.into_iter().cycle()) {
        let point = |sample: &Sample| {
            let taken = sample.members.get(member)?;
            Some((sample.round.0 as f64, what(taken)))
        };
        let line = samples.iter().filter_map(point);
        chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
    }
    Ok(())
}
