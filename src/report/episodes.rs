//! The page of a few episodes: support, queries and prototypes, how far each lies from the origin, and what was said of it.

use super::ReportError;
use super::page::{Page, Picture};
use super::picture::Disk;
use super::training::in_ball;
use crate::table::Provenance;
use crate::train::{ShownEpisode, ShownImage, ShownPoint};
use std::path::{Path, PathBuf};

/// Half the length of the strokes of the cross that stands for a prototype, in units of the disk's radius.
const CROSS: f64 = 0.04;

/// The page of a run's episodes; `told` is what tells the run.
pub fn episodes(
    folder: &Path,
    told: &str,
    provenance: &Provenance,
    shown: &[ShownEpisode],
) -> Result<PathBuf, ReportError> {
    let mut page = Page::new(folder, &format!("Episodes of {told}"));
    page.text(
        "Classes that were never seen in training. Of each: the support that is learned from, then the queries with the class that \
         they were given to, where it is another. d₀ is the distance to the origin times √c; outside of hyperbolic space the length \
         of the feature.",
    );
    for (i, episode) in shown.iter().enumerate() {
        let queries = &episode.images[episode.shape.way * episode.shape.shot..];
        let right = queries.iter().filter(|image| image.guess == Some(image.class)).count();
        page.heading(&format!("Episode {}: {right} of {} queries right", i + 1, queries.len()));
        for (class, name) in episode.classes.iter().enumerate() {
            let place =
                episode.prototypes.get(class).map_or(String::new(), |p| format!(", prototype at d₀ = {:.3}", p.d0));
            let of_class = episode.images.iter().filter(|image| image.class == class).enumerate();
            let pictures = of_class.map(|(j, image)| picture(episode, image, j < episode.shape.shot));
            page.pictures(&format!("{class}: {name}{place}"), pictures.collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(disk) = disk(episode, i) {
            let caption = "Support and queries in Poincaré's disk, coloured by class; crosses are prototypes.";
            page.plot(&format!("disk-{}", i + 1), &disk, caption)?;
        }
    }
    page.write(provenance)
}

fn picture(episode: &ShownEpisode, image: &ShownImage, support: bool) -> Result<Picture, ReportError> {
    let d0 = format!("d₀ {:.3}", image.place.d0);
    let said = match image.guess {
        _ if support => format!("support, {d0}"),
        Some(guess) if guess == image.class => d0,
        Some(guess) => format!("{d0}, taken for {guess}"),
        None => format!("{d0}, no answer"),
    };
    let png = png_of(&image.pixels, episode.channels, episode.side);
    let png = png.map_err(|e| ReportError::Plot { path: PathBuf::from("a picture"), message: e.to_string() })?;
    Ok(Picture { png, said, marked: !support && image.guess != Some(image.class) })
}

/// A PNG of planes `[channels, side, side]`, grey or red, green and blue.
fn png_of(planes: &[u8], channels: usize, side: usize) -> Result<Vec<u8>, png::EncodingError> {
    let plane = side * side;
    let pixels: Vec<u8> = (0..plane).flat_map(|i| (0..channels).map(move |c| planes[c * plane + i])).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}

/// The disk of an episode whose points have two coordinates.
fn disk(episode: &ShownEpisode, i: usize) -> Option<Disk> {
    let (model, c) = episode.model?;
    let root = c.sqrt();
    let at = |place: &ShownPoint| {
        let ball = in_ball(model, c, &place.point).filter(|ball| ball.len() == 2)?;
        Some((root * ball[0], root * ball[1]))
    };
    let points = episode.images.iter().map(|image| at(&image.place).map(|(x, y)| (x, y, image.class)));
    let cross = |(class, place): (usize, &ShownPoint)| {
        at(place).map(|(x, y)| [(CROSS, 0.0), (0.0, CROSS)].map(|(a, b)| (class, vec![(x - a, y - b), (x + a, y + b)])))
    };
    Some(Disk {
        title: format!("Episode {}", i + 1),
        points: points.collect::<Option<Vec<_>>>()?,
        arcs: episode.prototypes.iter().enumerate().map(cross).collect::<Option<Vec<_>>>()?.concat(),
        classes: episode.shape.way,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Shape;

    #[test]
    fn the_page_shows_every_image_and_marks_what_was_taken_for_another() {
        let place = |x: f64| ShownPoint { d0: x, point: vec![x / 10.0, 0.0] };
        let image = |class, guess| ShownImage { pixels: vec![7; 4], class, guess, place: place(1.0) };
        let episode = ShownEpisode {
            shape: Shape { way: 2, shot: 1, queries: 1 },
            side: 2,
            channels: 1,
            classes: vec!["a<b".into(), "c".into()],
            images: vec![image(0, None), image(1, None), image(0, Some(0)), image(1, Some(0))],
            prototypes: vec![place(0.5), place(2.5)],
            model: Some((crate::formula::Model::Poincare, 1.0)),
        };
        let folder = tempfile::tempdir().unwrap();
        let provenance = Provenance {
            command: "hypprec".into(),
            version: "1".into(),
            revision: "r".into(),
            seed: 0,
            host: "h".into(),
        };
        episodes(folder.path(), "x", &provenance, &[episode]).unwrap();
        let html = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
        assert_eq!(html.matches("data:image/png;base64,iVBORw0KGgo").count(), 4);
        assert!(html.contains("Episode 1: 1 of 2 queries right") && html.contains("a&lt;b, prototype at d₀ = 0.500"));
        assert_eq!(html.matches("taken for 0</div>").count(), 1);
        assert!(folder.path().join("plots/disk-1.png").is_file());
        let read =
            png::Decoder::new(std::io::Cursor::new(png_of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 3, 2).unwrap()));
        let mut reader = read.read_info().unwrap();
        let mut pixels = vec![0; 12];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
    }
}
