//! The cost of a build, by the policy's prices.

use super::{Facts, MissingFact};
use crate::{
    model::{DockerServer, ProjectEnvironment},
    price::{Dollars, Prices},
};

impl<'a> Facts<'a> {
    /// Returns the price of a minute of the build, with its Docker server.
    ///
    /// # Errors
    /// The missing fact.
    pub fn price(&self) -> Result<Dollars, MissingFact> {
        let machine = self.machine_price()?;
        match self.docker_server()? {
            Some(server) => Ok(machine + self.docker_server_price(server)?),
            None => Ok(machine),
        }
    }

    /// Returns the price of a minute of the build without a Docker server. A build on a fleet has the fleet's
    /// price, never that of its compute type.
    ///
    /// # Errors
    /// The missing fact.
    pub fn machine_price(&self) -> Result<Dollars, MissingFact> {
        let by_compute_type = self.compute_price();
        // Neither the compute type nor any fleet has a price, so it does not matter whether there is a fleet.
        if by_compute_type.is_err() && !self.prices.is_some_and(Prices::has_fleets) && self.compute_type().is_ok() {
            return by_compute_type;
        }
        match self.fleet()? {
            None => by_compute_type,
            Some(fleet) => self.prices.and_then(|prices| prices.of_fleet(fleet)).ok_or_else(|| {
                let name = fleet.split_once(":fleet/").map_or(fleet, |(_, name)| name);
                no_price(&format!("the fleet {}", name.split(':').next().unwrap_or_default()))
            }),
        }
    }

    /// Returns the cost of the build so far.
    ///
    /// # Errors
    /// The missing fact.
    pub fn cost(&self) -> Result<Dollars, MissingFact> {
        let price = self.price()?;
        self.running().map(|running| price.for_running(running)).ok_or_else(|| self.no_phases("running"))
    }

    fn environment(&self) -> Option<&'a ProjectEnvironment> {
        self.build.environment.as_ref()
    }

    fn compute_type(&self) -> Result<&'a str, MissingFact> {
        let compute_type = self.environment().and_then(|environment| environment.compute_type.as_deref());
        compute_type.ok_or(MissingFact::Absent("environment.computeType"))
    }

    fn compute_price(&self) -> Result<Dollars, MissingFact> {
        self.price_of(self.compute_type()?, "")
    }

    fn docker_server_price(&self, server: &DockerServer) -> Result<Dollars, MissingFact> {
        let compute_type = server.compute_type.as_deref();
        self.price_of(
            compute_type.ok_or(MissingFact::Absent("environment.dockerServer.computeType"))?,
            "a Docker server on ",
        )
    }

    fn price_of(&self, compute_type: &str, what: &str) -> Result<Dollars, MissingFact> {
        let kind = self.environment().and_then(|environment| environment.r#type.as_deref());
        self.prices.and_then(|prices| prices.of(kind, compute_type)).ok_or_else(|| {
            let kind = kind.map(|kind| format!("{kind}/")).unwrap_or_default();
            no_price(&format!("{what}{kind}{compute_type}"))
        })
    }

    /// The ARN of the fleet that the build runs on. No event contains it.
    fn fleet(&self) -> Result<Option<&'a str>, MissingFact> {
        let fleet = self.environment().and_then(|environment| environment.fleet.as_ref());
        match fleet.and_then(|fleet| fleet.fleet_arn.as_deref()) {
            Some("") => Ok(None),
            Some(arn) => Ok(Some(arn)),
            None if self.lacks("environment.fleet.fleetArn") || self.is_sample => Ok(None),
            None => Err(MissingFact::Absent("environment.fleet")),
        }
    }

    /// The build's Docker server. No event contains it, and no call can override the project's.
    fn docker_server(&self) -> Result<Option<&'a DockerServer>, MissingFact> {
        let of = |environment: Option<&'a ProjectEnvironment>| environment?.docker_server.as_ref();
        match (of(self.environment()), self.project) {
            (Some(server), _) => Ok(Some(server)),
            (None, Some(_)) if self.planned.is_some() && !self.lacks("environment.dockerServer") => {
                Err(MissingFact::Absent("environment.dockerServer"))
            }
            (None, Some(project)) => Ok(of(project.environment.as_ref())),
            (None, None) if self.is_sample => Ok(None),
            (None, None) => Err(MissingFact::NoProject),
        }
    }
}

fn no_price(what: &str) -> MissingFact {
    MissingFact::Unknown { fact: "cost", why: format!("the policy has no price for {what}") }
}
