//! Timestamps and durations as values of the crate: they are added, subtracted and compared.

use std::{any::Any, cmp::Ordering};

use cel::{
    ExecutionError, Value,
    common::{
        traits::{Adder, Comparer, Subtractor},
        types::{DURATION_TYPE, TIMESTAMP_TYPE, Type},
        value::{CowVal, StaticVal, Val},
    },
};
use jiff::SignedDuration;

use super::{Length, Time};

static TIME: Type = TIMESTAMP_TYPE;
static LENGTH: Type = DURATION_TYPE;

macro_rules! values {
    ($($name:ident: $kind:ident),*) => {$(
        impl Val for $name {
            fn get_type(&self) -> &Type {
                &$kind
            }

            fn cel_type() -> &'static Type {
                &$kind
            }

            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_comparer(&self) -> Option<&dyn Comparer> {
                Some(self)
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref() == Some(self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
            where
                Self: 'v,
            {
                Box::new(*self)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $name {}

        impl Comparer for $name {
            fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
                let other: Option<&Self> = other.downcast_ref();
                other.map(|other| self.0.cmp(&other.0)).ok_or_else(|| of_other_types("compare"))
            }
        }
    )*};
}
values! { Time: TIME, Length: LENGTH }

impl Adder for Time {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let length: &Length = other.downcast_ref().ok_or_else(|| of_other_types("add"))?;
        self.after(SignedDuration::from_nanos(length.0))
            .map_or_else(|| out_of_range("add"), |time| Ok(CowVal::owned(time)))
    }
}

impl Subtractor for Time {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(other) = other.downcast_ref::<Self>() {
            let nanoseconds = i64::try_from(self.0.duration_since(other.0).as_nanos());
            return nanoseconds.map_or_else(|_| out_of_range("sub"), |length| Ok(CowVal::owned(Length(length))));
        }
        let length: &Length = other.downcast_ref().ok_or_else(|| of_other_types("sub"))?;
        self.after(-SignedDuration::from_nanos(length.0))
            .map_or_else(|| out_of_range("sub"), |time| Ok(CowVal::owned(time)))
    }
}

impl Adder for Length {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(time) = other.downcast_ref::<Time>() {
            return time.add(self).map(|time| CowVal::Owned(time.into_owned()));
        }
        let other: &Self = other.downcast_ref().ok_or_else(|| of_other_types("add"))?;
        self.0.checked_add(other.0).map_or_else(|| out_of_range("add"), |sum| Ok(CowVal::owned(Self(sum))))
    }
}

impl Subtractor for Length {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let other: &Self = other.downcast_ref().ok_or_else(|| of_other_types("sub"))?;
        self.0.checked_sub(other.0).map_or_else(|| out_of_range("sub"), |rest| Ok(CowVal::owned(Self(rest))))
    }
}

fn out_of_range<'b, 'v>(operator: &'static str) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Err(ExecutionError::Overflow(operator, Value::Null, Value::Null))
}

/// Never returned, since types are checked when an expression is loaded.
fn of_other_types(operator: &'static str) -> ExecutionError {
    ExecutionError::UnsupportedBinaryOperator(operator, Value::Null, Value::Null)
}
