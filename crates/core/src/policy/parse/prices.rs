//! The prices of a policy file.

use crate::{
    diagnostic::{Code, Diagnostic, Place},
    facts::{
        possible::{Remark, is_wild},
        vocabulary::{compute_pattern, fleet_pattern},
    },
    price::Prices,
    yaml::{Node, reader::Reader},
};

/// Reads prices. A name with a colon is the pattern of a fleet's ARN.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Prices {
    let mut prices = Prices::default();
    for (name, price) in reader.entries(node, "a mapping of prices", "{ LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }")
    {
        let place = node.place_of_key(name).unwrap_or(price.place);
        if name.contains(':') {
            read_fleet(reader, &mut prices, name, place, price);
        } else if let Some(price) = reader.scalar(price) {
            let remarks = unused(name).into_iter();
            reader.warnings.extend(
                remarks.map(|Remark { message, help }| Diagnostic::new(Code::UnusedPrice, place, message, help)),
            );
            prices.add_compute(name, price);
        }
    }
    prices
}

fn read_fleet(reader: &mut Reader, prices: &mut Prices, name: &str, place: Place, price: &Node) {
    let pattern = fleet_pattern(name)
        .map_err(|Remark { message, help }| reader.fault(Code::ImpossibleFleet, place, message, help));
    let (Ok(pattern), Some(price)) = (pattern, reader.scalar(price)) else { return };
    if let Some(earlier) = prices.fleets_cover(&pattern) {
        let message = format!("no fleet gets this price, because `{earlier}` before it fits all that `{name}` fits");
        let help = "put the narrower pattern first, or remove it";
        reader.warnings.push(Diagnostic::new(Code::UnusedPrice, place, message, help));
    }
    prices.add_fleet(pattern, price);
}

/// Explains why no build gets the price of this compute type.
fn unused(name: &str) -> Vec<Remark> {
    if is_wild(name) {
        let message = format!("no build gets the price of `{name}`: only a fleet's ARN can have wildcards");
        return vec![Remark::new(message, "a price for each compute type, as in `BUILD_GENERAL1_SMALL: 0.005`")];
    }
    match compute_pattern(name) {
        Ok((_, warnings)) => warnings,
        Err(Remark { message, help }) => vec![Remark { message, help: help.replace("/*", "/BUILD_GENERAL1_SMALL") }],
    }
}
